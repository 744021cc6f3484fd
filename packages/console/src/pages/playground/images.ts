/** Pictures for a question: read in the browser and made small enough to be sent. */

/** Kinds that models read. Nothing of them runs. */
export const pictureTypes = ['image/png', 'image/jpeg', 'image/webp', 'image/gif'] as const
export const picturesMax = 8
/** Larger files are refused: decoding them could end the tab. */
const fileBytesMax = 20 * 1_048_576
/** Smaller files are sent as they are. */
const keptBytesMax = 512 * 1_024
/** Models scale larger pictures down themselves. In px. */
const edgeMax = 1_536
const quality = 0.85

export type PictureFault = 'type' | 'size' | 'unreadable'

/** A `data:` address, or why there is none. */
export async function pictureOf(file: Blob): Promise<{ readonly address: string } | { readonly fault: PictureFault }> {
  if (!pictureTypes.some(type => type === file.type)) return { fault: 'type' }
  if (file.size > fileBytesMax) return { fault: 'size' }
  try {
    // Read also where it is sent as it is: what the browser cannot read, the model cannot either.
    const bitmap = await createImageBitmap(file)
    const { width, height } = bitmap
    const scale = Math.min(1, edgeMax / Math.max(width, height))
    if (scale === 1 && file.size <= keptBytesMax) return { address: await addressOf(file) }
    const canvas = new OffscreenCanvas(Math.max(1, Math.round(width * scale)), Math.max(1, Math.round(height * scale)))
    const context = canvas.getContext('2d')
    if (context === null) return { fault: 'unreadable' }
    // A format without transparency would make it black.
    context.fillStyle = 'white'
    context.fillRect(0, 0, canvas.width, canvas.height)
    context.drawImage(bitmap, 0, 0, canvas.width, canvas.height)
    bitmap.close()
    return { address: await addressOf(await canvas.convertToBlob({ type: 'image/jpeg', quality })) }
  } catch {
    return { fault: 'unreadable' }
  }
}

function addressOf(blob: Blob): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>()
  const reader = new FileReader()
  reader.addEventListener('load', () => resolve(String(reader.result)))
  reader.addEventListener('error', () => reject(reader.error ?? new TypeError('not readable')))
  reader.readAsDataURL(blob)
  return promise
}
