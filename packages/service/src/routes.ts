/** Routes of a service's admin server: known before it listens, answered once the service can. */

export type RouteSpec = { readonly method: "GET" | "POST"; readonly path: string };

export type RouteRequest = {
  /** By the names in the path, decoded. */
  readonly params: Readonly<Record<string, string>>;
  /** A name given twice has a list. */
  readonly query: Readonly<Record<string, string | readonly string[]>>;
};

export type RouteAnswer = {
  readonly status: number;
  /** Sent as JSON. */
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
};

export function refusal(status: number, error: string): RouteAnswer {
  return { status, body: { error } };
}

export type RouteHandler = (request: RouteRequest) => Promise<RouteAnswer>;

const NOT_READY = refusal(503, "not ready");

export class Routes {
  readonly specs: readonly RouteSpec[];
  readonly #handlers = new Map<string, RouteHandler>();

  constructor(specs: readonly RouteSpec[]) {
    this.specs = specs;
  }

  /** From now on. `spec` must be one of those given at first. */
  handle(spec: RouteSpec, handler: RouteHandler): void {
    if (!this.specs.includes(spec)) throw new Error(`${nameOf(spec)} is not a route of this service`);
    this.#handlers.set(nameOf(spec), handler);
  }

  async answer(spec: RouteSpec, request: RouteRequest): Promise<RouteAnswer> {
    return (await this.#handlers.get(nameOf(spec))?.(request)) ?? NOT_READY;
  }
}

function nameOf({ method, path }: RouteSpec): string {
  return `${method} ${path}`;
}
