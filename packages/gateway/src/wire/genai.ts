/** Names of operations in the GenAI conventions of OpenTelemetry; others have none there. */
export const genAiOperations: ReadonlyMap<string, string> = new Map([
  ['chat/completions', 'chat'],
  ['responses', 'chat'],
  ['completions', 'text_completion'],
  ['embeddings', 'embeddings'],
])
