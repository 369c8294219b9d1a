/** What ajv says is wrong with a document's shape, in the words of rulesets. */
import type { ErrorObject } from "ajv";
import type { Path } from "./document.ts";

type ShapeFault = { readonly path: Path; readonly atKey: boolean; readonly message: string };

/** A choice of schemas (anyOf, oneOf) is one fault, unless one of them is nearly what the value is: then it says more. */
export function shapeFaults(errors: readonly ErrorObject[]): ShapeFault[] {
  const branches = new Map<ErrorObject, ErrorObject[]>();
  const choices = new Map<string, ErrorObject>();
  for (const error of errors) {
    if (error.keyword !== "anyOf" && error.keyword !== "oneOf") continue;
    branches.set(error, []);
    choices.set(`${error.instancePath} ${error.schemaPath}`, error);
  }
  const alone: ErrorObject[] = [];
  for (const error of errors) {
    const choice = choiceOf(error, choices);
    if (choice !== null) branches.get(choice)?.push(error);
    else if (!branches.has(error)) alone.push(error);
  }
  const chosen = [...branches].flatMap(([choice, inner]) => {
    if (choice.keyword === "oneOf") return [faultOf(choice)];
    const nearly = inner.filter((error) => error.instancePath !== choice.instancePath || !isOfAnotherKind(error));
    return nearly.length > 0 ? nearly.map(faultOf) : [anyOfFault(choice, inner)];
  });
  return [...alone.map(faultOf), ...chosen];
}

/** The choice of which `error` tells why one branch is not it. */
function choiceOf(error: ErrorObject, choices: ReadonlyMap<string, ErrorObject>): ErrorObject | null {
  const [, schemaPath] = /^(.*\/(?:oneOf|anyOf))\/\d+\//.exec(error.schemaPath) ?? [];
  if (schemaPath === undefined) return null;
  for (let place = error.instancePath; ; place = place.slice(0, place.lastIndexOf("/"))) {
    const choice = choices.get(`${place} ${schemaPath}`);
    if (choice !== undefined || place === "") return choice ?? null;
  }
}

function isOfAnotherKind({ keyword }: ErrorObject): boolean {
  return keyword === "type" || keyword === "const" || keyword === "enum";
}

function anyOfFault(choice: ErrorObject, branches: readonly ErrorObject[]): ShapeFault {
  const path = pathOf(choice.instancePath);
  const right = new Set(
    branches.map(({ keyword, params }) => {
      if (keyword === "const") return JSON.stringify(params.allowedValue);
      return keyword === "enum"
        ? (params.allowedValues as string[]).join(", ")
        : params.type === "array"
          ? "a list"
          : String(params.type);
    }),
  );
  return { path, atKey: false, message: `${nameOf(path)} must be ${[...right].join(" or ")}` };
}

function faultOf(error: ErrorObject): ShapeFault {
  const path = pathOf(error.instancePath);
  const where = path.length === 0 ? "the document" : nameOf(path);
  const fault = (message: string): ShapeFault => ({ path, atKey: false, message: `${where} ${message}` });
  switch (error.keyword) {
    case "additionalProperties": {
      const name = String(error.params.additionalProperty);
      const allowed = Object.keys((error.parentSchema?.properties as object | undefined) ?? {});
      const right =
        allowed.length > 0 ? `known here: ${allowed.join(", ")}` : "a name is a-z, 0-9 and _, from a letter";
      return { path: [...path, name], atKey: true, message: `${name} is not known here; ${right}` };
    }
    case "required":
      return fault(`lacks ${String(error.params.missingProperty)}`);
    case "oneOf":
      return fault(exactlyOne(error));
    case "const":
      return fault(`must be ${JSON.stringify(error.params.allowedValue)}`);
    case "enum":
      return fault(`must be one of ${(error.params.allowedValues as string[]).join(", ")}`);
    case "type":
    case "pattern":
      return fault(String(error.parentSchema?.patternErrorMessage ?? error.message));
    default:
      return fault(error.message ?? "is wrong");
  }
}

/** The only choices of members are those of which one is needed. */
function exactlyOne({ schema, data }: ErrorObject): string {
  const names = (schema as { required: string[] }[]).flatMap(({ required }) => required);
  const given = names.filter((name) => Object.hasOwn(data as object, name));
  return `needs exactly one of ${names.join(", ")}; it has ${given.length === 0 ? "none" : given.join(" and ")}`;
}

/** Parts of a JSON pointer. */
export function pathOf(pointer: string): (string | number)[] {
  if (pointer === "") return [];
  return pointer
    .slice(1)
    .split("/")
    .map((part) => (/^\d+$/.test(part) ? Number(part) : part.replaceAll("~1", "/").replaceAll("~0", "~")));
}

/** `rules[2].score`: how messages call a place. */
function nameOf(path: Path): string {
  return path
    .map((part, index) => (typeof part === "number" ? `[${part}]` : `${index > 0 ? "." : ""}${part}`))
    .join("");
}
