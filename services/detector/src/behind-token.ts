/** Routes for operators: without a token there is nothing there, and with one nobody is let in who does not know it. */
import { bearerCheck, type RouteAnswer, type RouteHandler } from "@weir/service";

/** `token` null: off. */
export function behindToken(token: string | null): (act: RouteHandler) => RouteHandler {
  const isAllowed = token === null ? null : bearerCheck(token);
  return (act) => async (request) => {
    if (isAllowed === null) return refusal(404, "not found");
    if (!isAllowed(request.authorization))
      return { ...refusal(401, "a token is needed"), headers: { "www-authenticate": "Bearer" } };
    return act(request);
  };
}

export function refusal(status: number, error: string): RouteAnswer {
  return { status, body: { error } };
}
