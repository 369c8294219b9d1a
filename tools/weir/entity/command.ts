/** npm run weir -- entity FIELD KEY: what a detector knows of one customer or counterparty now, as a page of text. */
import type { EntityAnswer } from "@weir/detector";
import { ConfigurationError, readSettings, secretFile } from "@weir/service";
import { flag, optionLines, parseArguments, refuse, text } from "../../cli/arguments.ts";
import { printable } from "../../cli/printable.ts";
import { wordsOf } from "../inputs.ts";
import { entityLines } from "./lines.ts";

const COMMAND = "npm run weir -- entity";
const ANSWER_WITHIN_MS = 10_000;

const options = {
  url: text({ about: "the detector to ask, on its ADMIN_PORT", placeholder: "URL", fallback: "http://127.0.0.1:8070" }),
  json: flag("the answer as it came"),
};

const adminToken = secretFile({ name: "ADMIN_TOKEN_FILE", about: "File that holds the detector's token" });

export async function run(args: readonly string[]): Promise<number> {
  const { values, words, help, faults } = parseArguments(options, args, process.env);
  if (help) return printHelp();
  const [field, key, ...strays] = words;
  const wrong = [
    ...faults,
    ...(key === undefined ? ["an entity and its key are needed, such as source ABCDEFGHIJKL"] : []),
    ...strays.map((word) => `${JSON.stringify(word)} means nothing here`),
    ...(URL.canParse(values.url) ? [] : [`--url must be such as ${options.url.fallback}`]),
  ];
  if (wrong.length > 0 || field === undefined || key === undefined) return refuse(COMMAND, wrong);
  try {
    const { token } = readSettings({ token: adminToken });
    const path = `entities/${encodeURIComponent(field)}/${encodeURIComponent(key)}`;
    const response = await fetch(`${values.url.replace(/\/+$/, "")}/${path}`, {
      headers: { authorization: `Bearer ${token}` },
      redirect: "error",
      signal: AbortSignal.timeout(ANSWER_WITHIN_MS),
    });
    return print(response.status, await response.json(), values.json);
  } catch (error) {
    if (error instanceof ConfigurationError) return refuse(COMMAND, error.faults);
    const cause = error instanceof Error && error.cause !== undefined ? ` (${wordsOf(error.cause)})` : "";
    console.error(`${COMMAND}: no detector answers at ${values.url}: ${printable(wordsOf(error) + cause)}`);
    return 1;
  }
}

function print(status: number, answer: unknown, asJson: boolean): 0 | 1 {
  if (asJson) console.log(JSON.stringify(answer, null, 2));
  else if (status === 200) console.log(entityLines(answer as EntityAnswer).join("\n"));
  else console.error(`${COMMAND}: ${status} ${printable(refusalIn(answer))}`);
  return status === 200 ? 0 : 1;
}

function refusalIn(answer: unknown): string {
  const { error, phase } = answer as { readonly error?: unknown; readonly phase?: unknown };
  if (error === undefined) return "not what a detector answers";
  return phase === undefined ? String(error) : `${String(error)} (${String(phase)})`;
}

function printHelp(): 0 {
  const lines = [
    `${COMMAND} FIELD KEY [options]`,
    "",
    "What a detector knows of a source, a target or another entity of its ruleset at this moment: every feature over its",
    "window, and the last decisions about it with their reasons.",
    "",
    ...optionLines(options),
    "",
    "ADMIN_TOKEN_FILE names the file with the detector's token, as for the detector itself.",
    "",
    "Exit codes: 0 it is known; 1 it is not, or not there; 78 something must be changed.",
  ];
  console.log(lines.join("\n"));
  return 0;
}
