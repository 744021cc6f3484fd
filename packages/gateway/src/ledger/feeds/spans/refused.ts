/** The other side can never take this request. */
export class RequestRefusedError extends Error {
  override readonly name = 'RequestRefusedError'
}
