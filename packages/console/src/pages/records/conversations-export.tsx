import { Menu, Modal, Stack, Text } from '@mantine/core'
import { useState } from 'react'
import { fileFrom, type Input } from '../../api/client.ts'
import { usePerson } from '../../api/whoami.ts'
import { ReasonForm } from '../../parts/reason-form.tsx'
import { records as text } from '../../texts/records.ts'

type Query = NonNullable<Input<'GET /api/v1/records/export'>['query']>

interface Exporting {
  /** Runs with the reason of an auditor; undefined for a developer, who exports their own calls. */
  readonly run: (reason: string | undefined) => void
}

/** The item of the menu; nothing for who may not read bodies. An auditor is asked for a reason first. */
export function ConversationsItem({ onAsk, run }: Exporting & { readonly onAsk: () => void }) {
  const { roles } = usePerson()
  const isAuditor = roles.includes('auditor')
  if (!isAuditor && !roles.includes('developer')) return null
  return (
    <>
      <Menu.Label>{text.conversationsHelp}</Menu.Label>
      <Menu.Item onClick={() => (isAuditor ? onAsk() : run(undefined))}>
        {isAuditor ? text.conversations : text.conversationsOwn}
      </Menu.Item>
    </>
  )
}

/** Whether an auditor is asked for a reason now, and the question. */
export function useReasonQuestion({ run }: Exporting) {
  const [isOpen, setIsOpen] = useState(false)
  const close = (): void => setIsOpen(false)
  const question = isOpen && (
    <Modal.Root opened onClose={close} centered transitionProps={{ duration: 0 }}>
      <Modal.Overlay />
      <Modal.Content aria-label={text.conversationsTitle}>
        <Modal.Body pt="md">
          <Stack gap="sm">
            <Text size="sm">{text.conversationsLong}</Text>
            <ReasonForm
              button={text.export}
              onReason={reason => {
                close()
                run(reason)
              }}
            />
          </Stack>
        </Modal.Body>
      </Modal.Content>
    </Modal.Root>
  )
  return { question, ask: () => setIsOpen(true) }
}

/** Fetches the file and hands it to the browser. @throws ApiError */
export async function downloadConversations(query: Query, reason: string | undefined): Promise<void> {
  const input = { query: { ...query, format: 'conversations' as const, bodies: true } }
  const file = await fileFrom('GET /api/v1/records/export', { ...input, ...(reason === undefined ? {} : { reason }) })
  const address = URL.createObjectURL(file)
  const link = document.createElement('a')
  link.href = address
  link.download = `gatehouse-conversations-${new Date().toISOString().slice(0, 19).replaceAll(/[-:]/g, '')}Z.jsonl`
  link.click()
  URL.revokeObjectURL(address)
}
