/** What main.ts knows of a subcommand before it loads it: loading all of them would take longer than some of them run. */
export type Command = {
  /** Its words, as in `topics apply|verify`. */
  readonly usage: string;
  readonly about: string;
  readonly load: () => Promise<{ readonly run: Run }>;
};

/** Takes the arguments after the subcommand's name, `--help` among them; gives the exit code. */
export type Run = (args: readonly string[]) => number | Promise<number>;
