import { Button, Menu } from '@mantine/core'
import { addressOf } from '../../api/client.ts'
import { useMay } from '../../api/whoami.ts'
import { asParameters, type Range } from '../../app/period.ts'
import { Icon } from '../../parts/icons.tsx'
import { audit as text } from '../../texts/audit.ts'
import type { Filters } from './query.ts'

const formats = ['csv', 'jsonl'] as const

interface ExportMenuProps {
  readonly filters: Filters
  readonly range: Range
}

/** All entries of the period and the filters as a file. */
export function ExportMenu({ filters, range }: ExportMenuProps) {
  if (!useMay('GET /api/v1/audit/export')) return null
  return (
    <Menu position="bottom-end" transitionProps={{ duration: 0 }}>
      <Menu.Target>
        <Button size="xs" variant="default" leftSection={<Icon name="download" />}>
          {text.export}
        </Button>
      </Menu.Target>
      <Menu.Dropdown>
        <Menu.Label>{text.exportHelp}</Menu.Label>
        {formats.map(format => (
          <Menu.Item
            key={format}
            component="a"
            download
            href={addressOf('GET /api/v1/audit/export', { query: { ...filters, ...asParameters(range), format } })}
          >
            {text.formats[format]}
          </Menu.Item>
        ))}
      </Menu.Dropdown>
    </Menu>
  )
}
