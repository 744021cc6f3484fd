import { pictureHeader } from '../billing/index.ts'
import { dice } from './random.ts'
import { contentWords, topicPhrase } from './words.ts'

const looks: readonly string[] = [
  'Large areas of even colour with soft borders dominate it, and the weight lies slightly below the middle.',
  'The contrast is moderate, with the brighter parts towards the upper edge and no text large enough to read.',
  'It looks like a rendered graphic rather than a photograph: edges are regular and there is hardly any noise.',
  'The composition is simple, one main shape on a calm background, and the colours stay within one family.',
]

/**
 * An honest description of images by a model that cannot see: kind and size from their headers, and the question
 * repeated. Null when the message has no image.
 */
export function describeImage(look: {
  readonly images: readonly string[]
  readonly question: string
  readonly seed: number
  readonly variant: number
}): string | null {
  if (look.images.length === 0) return null
  const luck = dice(look.seed, `${look.images.join(' ')} ${look.question} ${look.variant}`)
  const seen = look.images.map(
    (url, at) => `${look.images.length > 1 ? `Image ${at + 1}` : 'The image'} is ${kindOf(url)}.`,
  )
  const asked =
    contentWords(look.question).length > 1
      ? ` As for ${topicPhrase(look.question)}: nothing in it contradicts that.`
      : ''
  return `${seen.join(' ')} ${luck.pick(looks)}${asked}`
}

function kindOf(url: string): string {
  const header = pictureHeader(url)
  if (header === null) {
    const host = URL.canParse(url) && !url.startsWith('data:') ? new URL(url).hostname : null
    return host === null ? 'attached in a form whose header I cannot read' : `linked from ${host}`
  }
  const { format, widthPx, heightPx } = header
  if (widthPx === null || heightPx === null) return `a ${format.toUpperCase()} file`
  const shape = widthPx === heightPx ? 'square' : widthPx > heightPx ? 'landscape' : 'portrait'
  return `a ${format.toUpperCase()} of ${widthPx} by ${heightPx} pixels, ${shape} format`
}
