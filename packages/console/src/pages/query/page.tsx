import { Alert, Text } from '@mantine/core'
import { useQuery } from '@tanstack/react-query'
import { useEffect, useState } from 'react'
import type { Place } from '../../api/errors.ts'
import { useMay, usePerson } from '../../api/whoami.ts'
import { useAddress, useChangeAddress } from '../../app/address.ts'
import { Page as Frame, Panel } from '../../parts/panel.tsx'
import { QueryView } from '../../parts/query-view.tsx'
import { query as text } from '../../texts/query.ts'
import { useDraft, useKept } from './kept.ts'
import { linkOf, sqlIn } from './link.ts'
import styles from './query.module.css'
import { boundsDefault, type ChosenBodies, schema } from './query.ts'
import { Result } from './result.tsx'
import { Side } from './side.tsx'
import { SqlEditor } from './sql-editor.tsx'
import { Tools } from './tools.tsx'
import { useRun } from './use-run.ts'

/** SQL over the records: an editor, what helps to write, and the answer. */
export function Page() {
  return <Frame title={text.title}>{useMay('POST /api/v1/query') ? <Workbench /> : <NotAllowed />}</Frame>
}

/** The gateway's own words, which say who grants the role. */
function NotAllowed() {
  return <QueryView query={useQuery(schema)}>{() => null}</QueryView>
}

function Workbench() {
  const [sql, setSql] = useDraft()
  const [bounds, setBounds] = useState(boundsDefault)
  const [bodies, setBodies] = useState<ChosenBodies | null>(null)
  const [goTo, setGoTo] = useState<Place | null>(null)
  const [insert, setInsert] = useState<{ readonly text: string } | null>(null)
  const change = useChangeAddress()
  const kept = useKept()
  const { state, start, cancel } = useRun((asked, rows) => kept.ran({ sql: asked, atMs: Date.now(), rows }))
  /** What is replaced stays among the saved ones, unless it is known already. */
  const replace = (next: string): void => {
    const isKnown = [...kept.saved, ...kept.history].some(one => one.sql === sql)
    if (sql.trim() !== '' && sql !== next && !isKnown) kept.save({ name: text.lastDraft, sql })
    setSql(next)
  }
  const [isFromLink, setIsFromLink] = useLinked(sql, replace)
  const run = (): void => {
    if (sql.trim() === '') return
    setIsFromLink(false)
    start({ sql, bounds, bodies })
    void linkOf(sql).then(link => change(link ?? { sql: undefined, z: undefined }, { replace: true }))
  }
  return (
    <>
      <Said />
      <div className={styles['workbench']}>
        <div className={styles['main']}>
          <Panel>
            {isFromLink && (
              <Alert color="yellow" mb="sm" p="xs">
                {text.fromLink}
              </Alert>
            )}
            <SqlEditor sql={sql} state={state} onChange={setSql} onSubmit={run} goTo={goTo} insert={insert} />
            <Tools
              sql={sql}
              bounds={bounds}
              isRunning={state.kind === 'running'}
              bodies={bodies}
              onBounds={setBounds}
              onBodies={setBodies}
              onRun={run}
              onCancel={cancel}
              onSave={name => kept.save({ name, sql })}
            />
          </Panel>
          <Result state={state} onPlace={place => setGoTo({ ...place })} />
        </div>
        <Panel>
          <Side kept={kept} onInsert={name => setInsert({ text: name })} onUse={replace} />
        </Panel>
      </div>
    </>
  )
}

/** What a query is here, and of which records. */
function Said() {
  const { roles, workloads } = usePerson()
  const seesAll = roles.includes('viewer')
  return (
    <Text size="xs" c="dimmed" maw="75ch">
      {text.said} {!seesAll && (workloads.length === 0 ? text.noOwn : text.own(workloads.join(', ')))}
    </Text>
  )
}

/**
 * Takes a query out of the address that was opened. It is shown and does not run: whoever made the link may not be whom
 * the reader thinks.
 */
function useLinked(sql: string, onLink: (sql: string) => void): readonly [boolean, (is: boolean) => void] {
  const address = useAddress()
  const [isFromLink, setIsFromLink] = useState(false)
  const { sql: written, z } = address
  // biome-ignore lint/correctness/useExhaustiveDependencies: what is written afterwards is not of the link.
  useEffect(() => {
    let isLeft = false
    void sqlIn(address).then(linked => {
      if (isLeft || linked === null || linked === sql) return
      onLink(linked)
      setIsFromLink(true)
    })
    return () => {
      isLeft = true
    }
  }, [written, z])
  return [isFromLink, setIsFromLink]
}
