/** All that an HTTP server tells whoever asks it: status, headers and body, whatever the status. `token`: a bearer's. */
export async function wholeAnswer(url: string, token: string): Promise<string> {
  const answer = await fetch(url, { headers: { authorization: `Bearer ${token}` } });
  return `${answer.status}\n${[...answer.headers].join("\n")}\n${await answer.text()}`;
}
