/** Results of the content filter, which finds nothing here unless a fault says so. */
const safe = { filtered: false, severity: 'safe' }
const severities = { hate: safe, self_harm: safe, sexual: safe, violence: safe }

/** Per choice. */
export const completionFilter = severities

export const violentCompletionFilter = { ...severities, violence: { filtered: true, severity: 'medium' } }

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
