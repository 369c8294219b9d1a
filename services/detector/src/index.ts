export { detector, detectorOn, entryGroup, type Source } from "./detector.ts";
