import { type Static, Type } from "typebox";

/**
 * One thing that is wrong with a message. It never holds the payload: `got` names the kind of thing that
 * came ("null", "string of 12 characters", "number with 3 decimals"), and `field` is one of our own names,
 * or `$` for the message as a whole.
 */
export const Fault = Type.Object({ field: Type.String(), expected: Type.String(), got: Type.String() });
export type Fault = Readonly<Static<typeof Fault>>;

/** The field of a fault that concerns the whole message. */
export const WHOLE = "$";
