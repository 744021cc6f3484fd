/** Results of the content filter, which finds nothing here unless a fault says so. */
const safe = { filtered: false, severity: 'safe' }
const severities = { hate: safe, self_harm: safe, sexual: safe, violence: safe }

/** For each choice. */
export const completionFilter = severities

export const violentCompletionFilter = { ...severities, violence: { filtered: true, severity: 'medium' } }

const undetected = { filtered: false, detected: false }

/**
 * For each choice of a whole answer: empty when it only calls functions, else with the checks for protected text and
 * code.
 */
export function answerFilter(text: string): Readonly<Record<string, unknown>> {
  if (text === '') return {}
  const code = text.includes('```') ? { protected_material_code: undetected } : {}
  return { hate: safe, ...code, protected_material_text: undetected, self_harm: safe, sexual: safe, violence: safe }
}

/** For each prompt; only prompts are checked for `jailbreak`. */
export const promptFilterResults = [
  {
    prompt_index: 0,
    content_filter_results: {
      hate: safe,
      jailbreak: { filtered: false, detected: false },
      self_harm: safe,
      sexual: safe,
      violence: safe,
    },
  },
]
