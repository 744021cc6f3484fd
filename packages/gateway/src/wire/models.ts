/** What the names of models say, as Azure has them. */

/** Models that may think before their first word, whether they report it or not: o1, o3-mini, gpt-5, ... */
export function isReasoner(model: string): boolean {
  return /^(?:ft:)?(?:o\d|gpt-[5-9]|gpt-oss|codex)/i.test(model)
}

/** Models that are billed by pictures, seconds or characters: they report no tokens. */
export function isUnmeteredModel(model: string): boolean {
  return /^(?:whisper|dall-e|tts)/i.test(model)
}
