import { Text } from '@mantine/core'
import { useEffect, useState } from 'react'
import { record as text } from '../../texts/record.ts'
import { bytesOf } from './bytes.ts'

const formats: Readonly<Record<string, string>> = {
  wav: 'audio/wav',
  mp3: 'audio/mpeg',
  flac: 'audio/flac',
  opus: 'audio/ogg',
}

interface SoundProps {
  readonly format: string
  readonly base64: string
}

/** Audio of a prompt, played from memory. */
export function Sound({ format, base64 }: SoundProps) {
  const [address, setAddress] = useState<string | null>(null)
  useEffect(() => {
    const type = formats[format]
    if (type === undefined || !/^[A-Za-z0-9+/=]*$/.test(base64)) return
    const made = URL.createObjectURL(new Blob([bytesOf(base64)], { type }))
    setAddress(made)
    return () => URL.revokeObjectURL(made)
  }, [format, base64])
  return (
    <div>
      <Text size="xs" c="dimmed">
        {text.part.audio}
      </Text>
      {/* biome-ignore lint/a11y/useMediaCaption: a prompt brings no captions. */}
      {address !== null && <audio controls src={address} />}
    </div>
  )
}
