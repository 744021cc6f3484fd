/** Facts about models, read from their names at OpenAI and Azure. */

export interface ModelFacts {
  /** True for models that may think before their first word, whether they report it or not. */
  readonly mayThink: boolean
  /**
   * True for models that refuse `max_tokens` and want `max_completion_tokens`. All other models take `max_tokens` in
   * every API version.
   */
  readonly refusesMaxTokens: boolean
  /** Which tokens are reported beyond those of the text (`tokens/overheads.ts`). */
  readonly overheads: 'early' | 'later' | 'reasoning'
}

const usual: ModelFacts = { mayThink: false, refusesMaxTokens: false, overheads: 'later' }

/** The first family that the name matches decides. Names may begin with `ft:`, which is left out here. */
const families: readonly (ModelFacts & { readonly name: RegExp })[] = [
  // gpt-5-chat, gpt-5.1-chat: they answer like gpt-4.1, but it is not known that they never think.
  { name: /^gpt-5.*chat/i, ...usual, mayThink: true },
  // o1, o3-mini, gpt-5, gpt-5-mini
  { name: /^(?:o\d|gpt-5)/i, mayThink: true, refusesMaxTokens: true, overheads: 'reasoning' },
  { name: /^(?:gpt-[6-9]|gpt-oss|codex)/i, ...usual, mayThink: true },
  { name: /^(?:gpt-(?:4(?![\d.o])|3\.?5)|davinci|babbage)/i, ...usual, overheads: 'early' },
]

export function modelFacts(model: string): ModelFacts {
  const name = /^ft:/i.test(model) ? model.slice('ft:'.length) : model
  return families.find(family => family.name.test(name)) ?? usual
}

/** Models that are billed by pictures, seconds or characters: they report no tokens. */
export function isUnmeteredModel(model: string): boolean {
  return /^(?:whisper|dall-e|tts)/i.test(model)
}
