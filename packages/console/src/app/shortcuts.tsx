import { Kbd, Modal, Table, useComputedColorScheme, useMantineColorScheme } from '@mantine/core'
import { useHotkeys } from '@mantine/hooks'
import { useNavigate } from '@tanstack/react-router'
import { useEffect, useRef, useSyncExternalStore } from 'react'
import { shell as text } from '../texts/shell.ts'
import { useAddress } from './address.ts'
import { pageRows } from './pages.ts'
import { openPalette } from './palette.tsx'
import { carriedFrom } from './paths.ts'

/** Time in which the second key of a pair must follow, in ms. */
const pairMs = 1_500

const listeners = new Set<() => void>()
let isShown = false

function show(shown: boolean): void {
  isShown = shown
  for (const listener of listeners) listener()
}

export function openShortcuts(): void {
  show(true)
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener)
  return () => listeners.delete(listener)
}

/** The keys of the whole page, and the list of them. No key acts while someone types. */
export function Shortcuts() {
  const isOpen = useSyncExternalStore(subscribe, () => isShown)
  const { setColorScheme } = useMantineColorScheme()
  const scheme = useComputedColorScheme('light')
  usePairs()
  useHotkeys([
    ['mod+K', openPalette],
    ['/', openPalette],
    ['shift+?', openShortcuts],
    ['t', () => setColorScheme(scheme === 'dark' ? 'light' : 'dark')],
  ])
  return (
    <Modal opened={isOpen} onClose={() => show(false)} title={text.shortcuts} transitionProps={{ duration: 0 }}>
      <Table>
        <Table.Tbody>
          {text.shortcutRows.map(([keys, what]) => (
            <Table.Tr key={keys}>
              <Table.Td>
                <Kbd>{keys}</Kbd>
              </Table.Td>
              <Table.Td>{what}</Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Modal>
  )
}

/** G and then the letter of a page. */
function usePairs(): void {
  const navigate = useNavigate()
  const address = useAddress()
  const begun = useRef(0)
  useEffect(() => {
    const onKey = (event: KeyboardEvent): void => {
      if (isTyping(event.target) || event.ctrlKey || event.metaKey || event.altKey) return
      const isSecond = Date.now() - begun.current < pairMs
      begun.current = event.key === 'g' ? Date.now() : 0
      const row = isSecond ? pageRows.find(({ listed }) => listed?.key === event.key) : undefined
      if (row?.listed) void navigate({ to: row.listed.place.to, search: carriedFrom(address) as never })
    }
    document.addEventListener('keydown', onKey)
    return () => document.removeEventListener('keydown', onKey)
  }, [navigate, address])
}

function isTyping(target: EventTarget | null): boolean {
  return target instanceof HTMLElement && (target.isContentEditable || /^(INPUT|TEXTAREA|SELECT)$/.test(target.tagName))
}
