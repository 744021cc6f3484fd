/** A string of JSON, with its escapes. */
const string = String.raw`"([^"\\]*(?:\\.[^"\\]*)*)"`
const nulls = String.raw`(?:"role": ?"assistant"(?:, ?)?|"\w+": ?null(?:, ?)?)*`
/** Deltas of chat and of Responses in their ordinary forms; the last group for all others. */
const deltas = new RegExp(
  String.raw`"delta": ?(?:\{${nulls}(?:"content": ?${string})?(?:, ?"\w+": ?null)*\}|${string}|())`,
  'g',
)
/**
 * What a stream has when it is not clear from the deltas alone what belongs together, by operation: another choice,
 * output or part than the first, or texts of chat that stand beside deltas.
 */
const apart = new Map([
  ['chat/completions', /index": ?[1-9]|"(?:message|text)": ?[{"]/],
  ['responses', /index": ?[1-9]/],
])

/**
 * The deltas of a stream one after the other, with the escapes of JSON; null where only parsing the events says how
 * they belong together. A quarter of the time that parsing takes.
 */
export function joinedDeltas(operation: string, events: string): string | null {
  if (apart.get(operation)?.test(events) !== false) return null
  let joined = ''
  for (const [, content, delta, other] of events.matchAll(deltas)) {
    if (other !== undefined) return null
    joined += content ?? delta ?? ''
  }
  return joined
}
