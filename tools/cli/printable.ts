/** What producers send must not steer a terminal. */
export function printable(line: string): string {
  return line.replace(/\p{C}/gu, "\ufffd");
}
