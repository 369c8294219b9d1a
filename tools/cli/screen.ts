/** A terminal on which the same lines are drawn again and again in place, or a pipe that gets a line now and then. */
export class Screen {
  readonly #out: NodeJS.WriteStream;
  readonly live: boolean;
  #drawn = 0;

  constructor(out: NodeJS.WriteStream, environment: NodeJS.ProcessEnv) {
    this.#out = out;
    this.live = out.isTTY === true && environment.TERM !== "dumb" && environment.CI === undefined;
  }

  get columns(): number {
    return this.#out.columns ?? 80;
  }

  /** Puts `lines` in place of those drawn before; one write, so that nothing flickers. */
  draw(lines: readonly string[]): void {
    const fitting = lines.slice(0, Math.max(1, (this.#out.rows ?? 24) - 1));
    const up = this.#drawn > 0 ? `\x1b[${this.#drawn}A` : HIDE_CURSOR;
    const body = fitting.map((line) => `${line}\x1b[K\n`).join("");
    this.#out.write(`${up}\r${body}\x1b[J`);
    this.#drawn = fitting.length;
  }

  /** A line that stays, above what is drawn next. */
  say(line: string): void {
    this.clear();
    this.#out.write(`${line}\n`);
  }

  /** What is drawn goes, and the cursor comes back. */
  clear(): void {
    if (this.#drawn > 0) this.#out.write(`\x1b[${this.#drawn}A\r\x1b[J${SHOW_CURSOR}`);
    this.#drawn = 0;
  }

  /** What is drawn stays where it is, and the cursor comes back. */
  release(): void {
    if (this.#drawn > 0) this.#out.write(SHOW_CURSOR);
    this.#drawn = 0;
  }
}

const HIDE_CURSOR = "\x1b[?25l";
const SHOW_CURSOR = "\x1b[?25h";
