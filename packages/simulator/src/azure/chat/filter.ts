/** Results of the content filter, which finds nothing here unless a fault says so. */
const safe = { filtered: false, severity: 'safe' }
const severities = { hate: safe, self_harm: safe, sexual: safe, violence: safe }

/** Per choice. */
export const completionFilter = severities

export const violentCompletionFilter = { ...severities, violence: { filtered: true, severity: 'medium' } }

const undetected = { filtered: false, detected: false }

/** Per choice of a whole answer: nothing where it only calls functions, else with what is known of other people's words and code. */
export function answerFilter(text: string): Readonly<Record<string, unknown>> {
  if (text === '') return {}
  const code = text.includes('```') ? { protected_material_code: undetected } : {}
  return { hate: safe, ...code, protected_material_text: undetected, self_harm: safe, sexual: safe, violence: safe }
}

/** Per prompt; `jailbreak` is checked on prompts alone. */
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
