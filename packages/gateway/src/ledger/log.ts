/** Where the ledger says what went wrong. Fields first, as pino takes them. Never a body, never a credential. */
export interface Log {
  info(fields: object, message: string): void
  warn(fields: object, message: string): void
  error(fields: object, message: string): void
}
