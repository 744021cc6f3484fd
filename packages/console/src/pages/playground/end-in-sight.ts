import { useEffect, useRef } from 'react'

/** Px from the end of the page within which a reader is taken to read along. */
const nearPx = 160

/** Keeps the end of an answer in sight while it grows, unless the reader has scrolled away from it. */
export function useEndInSight(content: unknown, isRunning: boolean): void {
  const isReadingAlong = useRef(true)
  useEffect(() => {
    const onScroll = (): void => {
      const { scrollHeight } = document.documentElement
      isReadingAlong.current = window.innerHeight + window.scrollY >= scrollHeight - nearPx
    }
    window.addEventListener('scroll', onScroll, { passive: true })
    return () => window.removeEventListener('scroll', onScroll)
  }, [])
  // biome-ignore lint/correctness/useExhaustiveDependencies: it follows each growth of the content.
  useEffect(() => {
    if (isRunning && isReadingAlong.current) window.scrollTo({ top: document.documentElement.scrollHeight })
  }, [content, isRunning])
}
