// A block time in print, as `sdk.moments.moment` has it.
export const moment = (milliseconds) =>
  `${new Date(Number(milliseconds)).toISOString().replace("T", " ").slice(0, 19)} UTC`;
