/** Choices of the viewer, kept in the browser: the zone of times, and how dense the page is. */
import { useLocalStorage } from '@mantine/hooks'
import type { Zone } from '../format/time.ts'

export type Density = 'compact' | 'roomy'

export function useZone(): readonly [Zone, (zone: Zone) => void] {
  const [zone, setZone] = useLocalStorage<Zone>({
    key: 'gatehouse-zone',
    defaultValue: 'local',
    getInitialValueInEffect: false,
  })
  return [zone === 'UTC' ? 'UTC' : 'local', setZone]
}

export function useDensity(): readonly [Density, (density: Density) => void] {
  const [density, setDensity] = useLocalStorage<Density>({
    key: 'gatehouse-density',
    defaultValue: 'compact',
    getInitialValueInEffect: false,
  })
  return [density === 'roomy' ? 'roomy' : 'compact', setDensity]
}
