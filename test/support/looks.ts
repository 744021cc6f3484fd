import assert from 'node:assert/strict'
import type { Page } from 'playwright-core'
import { assertAccessible } from './accessible.ts'

/** Each theme and each width once: what a program can find of one, it does not find of their pairs. */
const looks = [
  { width: 1_440, colorScheme: 'light' },
  { width: 390, colorScheme: 'dark' },
] as const

/**
 * Fails where the page that is open breaks a rule of accessibility in one of its themes, or is wider than the screen of
 * a desk or of a telephone. The page follows the theme of the system.
 */
export async function assertEveryLook(page: Page): Promise<void> {
  for (const { width, colorScheme } of looks) {
    await page.setViewportSize({ width, height: 900 })
    await page.emulateMedia({ colorScheme, reducedMotion: 'reduce' })
    await page.locator(`html[data-mantine-color-scheme=${colorScheme}]`).waitFor({ state: 'attached' })
    await assertAccessible(page)
    await assertFits(page)
  }
}

/**
 * Fails where the page is wider than the screen, without the place that is kept for its scrollbar, or where the text of
 * a cell lies over its neighbour.
 */
export async function assertFits(page: Page): Promise<void> {
  const wide = await page.evaluate<number>(
    'Math.max(...[document.documentElement, document.body].map(one => one.scrollWidth - one.clientWidth))',
  )
  assert.ok(wide <= 0, `${page.url()} is ${wide} px wider than the screen`)
  const spilled = await page.evaluate<string[]>(`[...document.querySelectorAll('td, th, dd')]
    .filter(cell => cell.scrollWidth > cell.clientWidth + 1 && getComputedStyle(cell).overflowX === 'visible')
    .map(cell => cell.textContent.slice(0, 60))`)
  assert.deepEqual(spilled, [], `${page.url()} has texts that are wider than their cells`)
}
