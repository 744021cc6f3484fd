import { fillers, orders } from './data/index.ts'
/** Words as they stand, letters and digits in all scripts; `c#`, `c++` and `part-time` stay whole. */
export function wordsOf(text: string): string[] {
  return text.match(/[\p{L}\p{N}]+(?:[-'’][\p{L}\p{N}]+)*(?:\+\+|#)?/gu) ?? []
}

/** A word without its common English endings, lower case, so that `approves` meets `approval`'s neighbours. */
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

/** `explain`, `compare`: what is wanted, not what it is about. */
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
 * What a question is about, as a phrase fit for a sentence: the words after its question words and verbs, at most eight, such as
 * `parental leave for part-time staff`.
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
  // A capital at the beginning of a sentence is no name, unless the word has more of them.
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
