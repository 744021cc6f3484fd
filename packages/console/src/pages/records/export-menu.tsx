import { Button, Menu } from '@mantine/core'
import { notifications } from '@mantine/notifications'
import { useState } from 'react'
import { addressOf, send } from '../../api/client.ts'
import { asParameters, type Period, rangeOf } from '../../app/period.ts'
import { Icon } from '../../parts/icons.tsx'
import { records as text } from '../../texts/records.ts'
import { ConversationsItem, downloadConversations, useReasonQuestion } from './conversations-export.tsx'
import { asQuery, type Filters } from './filters.ts'

const formats = ['csv', 'jsonl', 'parquet'] as const

interface ExportMenuProps {
  readonly filters: Filters
  readonly period: Period
}

/** All records that the filters select, as a file: their figures, and for those who may read them the conversations. */
export function ExportMenu({ filters, period }: ExportMenuProps) {
  const [isAsking, setIsAsking] = useState(false)
  const selected = () => ({ ...asQuery(filters), ...asParameters(rangeOf(period, Date.now())) })
  const tell = async (work: Promise<string | null>): Promise<void> => {
    setIsAsking(true)
    const fault = await work
    setIsAsking(false)
    if (fault === null) return
    notifications.show({ color: 'red', title: text.notExported, message: fault, autoClose: 12_000 })
  }
  const download = (format: (typeof formats)[number]): Promise<void> =>
    tell(faultOf(addressOf('GET /api/v1/records/export', { query: { ...selected(), format } })))
  const run = (reason: string | undefined): void =>
    void tell(downloadConversations(selected(), reason).then(() => null, messageOf))
  const { question, ask } = useReasonQuestion({ run })
  return (
    <>
      <Menu position="bottom-end" transitionProps={{ duration: 0 }}>
        <Menu.Target>
          <Button size="xs" variant="default" leftSection={<Icon name="download" />} loading={isAsking}>
            {text.export}
          </Button>
        </Menu.Target>
        <Menu.Dropdown>
          <Menu.Label>{text.exportHelp}</Menu.Label>
          {formats.map(format => (
            <Menu.Item key={format} onClick={() => void download(format)}>
              {text.formats[format]}
            </Menu.Item>
          ))}
          <ConversationsItem run={run} onAsk={ask} />
        </Menu.Dropdown>
      </Menu>
      {question}
    </>
  )
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}

/**
 * Has the browser download a file. What the gateway refuses is no file: the same request is made without its content
 * first.
 * @returns why there is none, in words; null when the download has begun.
 */
async function faultOf(address: string): Promise<string | null> {
  const answer = await fetch(address, { method: 'HEAD' }).catch(() => null)
  if (answer === null) return text.exportUnreachable
  if (!answer.ok) return await reasonOf(address, answer.status)
  const link = document.createElement('a')
  link.href = address
  link.download = ''
  link.click()
  return null
}

/** An answer without its content does not say what was wrong. */
async function reasonOf(address: string, status: number): Promise<string> {
  const query = Object.fromEntries(new URL(address, location.href).searchParams)
  return send('GET /api/v1/records/export', { query: query as never }).then(() => text.exportFailed(status), messageOf)
}
