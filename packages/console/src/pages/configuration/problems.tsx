import { Text, UnstyledButton } from '@mantine/core'
import { Mood } from '../../parts/mood.tsx'
import { Panel } from '../../parts/panel.tsx'
import { configuration as text } from '../../texts/configuration.ts'
import styles from './configuration.module.css'
import type { Checked, Problem } from './query.ts'

interface ProblemsProps {
  readonly checked: Checked
  /** The text was changed since. */
  readonly isOld: boolean
  readonly goTo: (place: { readonly line: number; readonly column: number }) => void
}

/** What the check has found, each with a way to its place. */
export function Problems({ checked, isOld, goTo }: ProblemsProps) {
  const { problems, problemCount, warnings, unchecked, waitForRestart } = checked
  const list = [
    ...problems.map(problem => ({ problem, isError: true })),
    ...warnings.map(problem => ({ problem, isError: false })),
  ]
  return (
    <Panel title={text.problems}>
      <Text size="sm" role="status" {...(isOld ? { c: 'dimmed' } : {})}>
        {problemCount > 0
          ? text.wrong(problemCount)
          : warnings.length > 0
            ? text.warningsAlone(warnings.length)
            : text.fine}
        {isOld && ` ${text.unchecked}`}
      </Text>
      <ul className={styles['problems']}>
        {list.map(({ problem, isError }) => (
          <li key={`${problem.line}|${problem.column}|${problem.code}|${problem.path}`} className={styles['problem']}>
            <One problem={problem} isError={isError} goTo={goTo} />
          </li>
        ))}
      </ul>
      {unchecked.length > 0 && (
        <Text size="xs" c="dimmed" mt="xs">
          {text.notChecked(unchecked)}
        </Text>
      )}
      {waitForRestart.length > 0 && (
        <Text size="xs" c="dimmed" mt="xs">
          {text.wouldWait(waitForRestart.join(', '))}
        </Text>
      )}
    </Panel>
  )
}

interface OneProps extends Pick<ProblemsProps, 'goTo'> {
  readonly problem: Problem
  readonly isError: boolean
}

function One({ problem, isError, goTo }: OneProps) {
  const { line, column } = problem
  const place = line === null ? '' : `${line}:${column}`
  return (
    <>
      <Mood is={isError ? 'bad' : 'warn'}>
        {line === null ? (
          problem.path
        ) : (
          <UnstyledButton
            fz="sm"
            td="underline"
            title={text.goTo(line)}
            onClick={() => goTo({ line, column: column ?? 1 })}
          >
            {place}
          </UnstyledButton>
        )}
      </Mood>
      <code>{problem.path}</code>
      <Text size="sm" span>
        {said({ ...problem, path: '' })}
      </Text>
    </>
  )
}

/** A problem in one line, as the command line says it. */
export function said({ path, seen, expected, nearest }: Problem): string {
  const parts = [seen === null ? null : text.seen(seen), text.expected(expected)].filter(part => part !== null)
  const near = nearest === null ? '' : ` (${text.nearest(nearest)})`
  return `${path === '' ? '' : `${path}: `}${parts.join('; ')}${near}`
}
