import { useQuery } from '@tanstack/react-query'
import { useState } from 'react'
import { useAddress, useChangeAddress } from '../../app/address.ts'
import { Page as Frame, Panel } from '../../parts/panel.tsx'
import { QueryView } from '../../parts/query-view.tsx'
import { Empty } from '../../parts/states.tsx'
import { explain as text } from '../../texts/explain.ts'
import { Answer } from './answer.tsx'
import { type Asked, askedOf, questionOf, readAsked, writeAsked } from './asked.ts'
import styles from './explain.module.css'
import { Form } from './form.tsx'
import { explanationOf, explanationOfRecord, recentCallers } from './query.ts'
import { PartChoice, Try } from './try.tsx'

/** What would happen to a call, and why. */
export function Page() {
  const { record, part } = useAddress()
  const change = useChangeAddress()
  const isTry = part === 'try'
  const choose = (next: boolean): void => change({ part: next ? 'try' : undefined })
  return (
    <Frame title={text.title} aside={<PartChoice isTry={isTry} onChange={choose} />}>
      {isTry ? <Try /> : record === undefined ? <OfCall /> : <OfRecord id={record} />}
    </Frame>
  )
}

function OfCall() {
  const address = useAddress()
  const change = useChangeAddress()
  const [body, setBody] = useState('')
  const { data: callers = [] } = useQuery(recentCallers())
  const asked = { ...readAsked(address), body }
  const name = callers.find(({ key }) => key === asked.caller)?.name ?? null
  const question = questionOf(asked, name)
  const query = useQuery(explanationOf(question))
  const ask = (next: Asked): void => {
    setBody(next.body)
    change(writeAsked(next))
    // The same question asked again is about this moment.
    if (JSON.stringify(next) === JSON.stringify(asked)) void query.refetch()
  }
  return (
    <div className={styles['layout']}>
      <Panel title={text.call}>
        {/* A question from elsewhere, such as "back", fills the form anew. */}
        <Form key={JSON.stringify(writeAsked(asked))} asked={asked} onAsk={ask} />
      </Panel>
      {question === null ? (
        <Panel>
          <Empty title={text.ask} advice={text.askAdvice} />
        </Panel>
      ) : (
        <QueryView query={query} lines={10}>
          {explanation => <Answer explanation={explanation} body={body} again={() => void query.refetch()} />}
        </QueryView>
      )}
    </div>
  )
}

function OfRecord({ id }: { readonly id: string }) {
  const change = useChangeAddress()
  return (
    <QueryView query={useQuery(explanationOfRecord(id))} lines={10}>
      {explanation => (
        <div className={`${styles['layout']} ${styles['answered']}`}>
          <Panel title={text.change}>
            <Form asked={askedOf(explanation)} onAsk={asked => change(writeAsked(asked))} />
          </Panel>
          <Answer explanation={explanation} body="" again={() => {}} />
        </div>
      )}
    </QueryView>
  )
}
