import { fillers, orders } from './data/index.ts'
/** The words of a text, letters and digits in all scripts; `c#`, `c++` and `part-time` are one word each. */
export function wordsOf(text: string): string[] {
  return text.match(/[\p{L}\p{N}]+(?:[-'’][\p{L}\p{N}]+)*(?:\+\+|#)?/gu) ?? []
}

/** A word in lower case and without its common English endings, so that `approves` equals `approval`. */
export function stem(word: string): string {
  const plain = word
    .toLowerCase()
    .normalize('NFD')
    .replace(/\p{M}/gu, '')
    .replace(/['’]s$/, '')
  if (plain.length < 5) return plain.length > 3 ? plain.replace(/([^s])s$/, '$1') : plain
  return plain.replace(/(?:ations?|ments?|ings?|ness|edly|ed|ies|ers?|es|ly|al|y|s|e)$/, '')
}

export function isFiller(word: string): boolean {
  const plain = word.toLowerCase()
  return fillers.has(plain) || fillers.has(plain.replace(/['’].*$/, ''))
}

/** `explain`, `compare`: words for the wish, not for its subject. */
export function isOrder(word: string): boolean {
  return orders.has(word.toLowerCase())
}

/** The words that carry the topic, in their order, each once. */
export function contentWords(text: string): string[] {
  const seen = new Set<string>()
  return wordsOf(text).filter(word => {
    const key = word.toLowerCase()
    if (seen.has(key) || isFiller(key) || (key.length < 2 && !/\d/.test(key))) return false
    seen.add(key)
    return true
  })
}

/**
 * The subject of a question as a phrase that fits into a sentence: the words after its question words and verbs, at
 * most eight, such as `parental leave for part-time staff`.
 */
export function topicPhrase(text: string): string {
  const sentence = sentencesOf(text).findLast(part => contentWords(part).length > 0) ?? text
  const words = wordsOf(sentence)
  const first = words.findIndex(word => !isFiller(word) && !orders.has(word.toLowerCase()))
  if (first < 0) return words.find(word => !isFiller(word))?.toLowerCase() ?? 'that'
  const after = words.slice(first, first + 8)
  while (
    after.length > 1 &&
    (isFiller(after.at(-1) ?? '') ||
      /^\d+$|^(?:January|February|March|April|May|June|July|August|September|October|November|December)$/.test(
        after.at(-1) ?? '',
      ))
  )
    after.pop()
  const [head = '', ...rest] = after
  // A word with a capital at the beginning of a sentence is not a name, unless it has more capitals.
  const lowered = first === 0 && /^\p{Lu}\p{Ll}+$/u.test(head) ? head.toLowerCase() : head
  return [lowered, ...rest].join(' ')
}

export function sentencesOf(text: string): string[] {
  const parts = text.match(/[^\n]+?(?:[.!?]+(?=\s|$)|$)/gmu) ?? []
  return parts.map(part => part.trim()).filter(part => part !== '')
}

export function capitalised(text: string): string {
  return text.charAt(0).toUpperCase() + text.slice(1)
}
