import { ActionIcon, Text, Tooltip } from '@mantine/core'
import { useElementSize } from '@mantine/hooks'
import { useState } from 'react'
import { exactly, humane } from '../../format/number.ts'
import { Icon } from '../../parts/icons.tsx'
import { Panel } from '../../parts/panel.tsx'
import { Empty } from '../../parts/states.tsx'
import { DataTable } from '../../parts/table.tsx'
import { instances as text } from '../../texts/instances.ts'
import { trafficColumns } from './columns.tsx'
import { type Band, type Bar, type Flow, pictureOf } from './flows.ts'
import type { Instances, Traffic as Usage } from './query.ts'
import styles from './traffic.module.css'

interface TrafficProps {
  readonly usage: Usage
  readonly pools: Instances['pools']
}

/** Calls of the period, from workloads through pools to instances, as a picture or as a table. */
export function Traffic({ usage, pools }: TrafficProps) {
  const [isTable, setIsTable] = useState(false)
  const lines = usage.lines.filter(({ keys, calls }) => typeof keys[1] === 'string' && calls > 0)
  const label = isTable ? text.asPicture : text.asTable
  const change = (
    <Tooltip label={label}>
      <ActionIcon variant="subtle" color="gray" size="sm" aria-label={label} onClick={() => setIsTable(!isTable)}>
        <Icon name={isTable ? 'chart' : 'table'} />
      </ActionIcon>
    </Tooltip>
  )
  if (lines.length === 0) {
    return (
      <Panel title={text.traffic}>
        <Empty title={text.noTraffic} advice={text.noTrafficAdvice} />
      </Panel>
    )
  }
  return (
    <Panel title={text.traffic} aside={change}>
      <Text size="xs" c="dimmed" mb={4}>
        {text.trafficUnit}
      </Text>
      {isTable ? (
        <DataTable
          label={text.tables.traffic}
          columns={trafficColumns(line => poolOf(line.keys[1] ?? '', pools))}
          rows={lines}
          keyOf={({ keys }) => keys.join('|')}
        />
      ) : (
        <Drawn flows={lines.map(line => flowOf(line, pools))} />
      )}
    </Panel>
  )
}

function flowOf({ keys: [workload, instance], calls }: Usage['lines'][number], pools: Instances['pools']): Flow {
  return {
    workload: workload ?? text.unnamed,
    pool: poolOf(instance ?? '', pools),
    instance: instance ?? text.unnamed,
    calls,
  }
}

/** The pools that an instance is a member of. */
function poolOf(instance: string, pools: Instances['pools']): string {
  const names = pools.filter(({ members }) => members.some(one => one.instance === instance)).map(({ name }) => name)
  return names.length === 0 ? text.noPool : names.join(', ')
}

const fullHeight = 190
const barWidth = 10

function Drawn({ flows }: { readonly flows: readonly Flow[] }) {
  const { ref, width } = useElementSize<HTMLDivElement>()
  const { bars, bands, height } = pictureOf(flows, fullHeight)
  const said = flows.map(({ workload, instance, calls }) => text.flow(workload, instance, exactly(calls))).join(' ')
  const leftOf = (column: number): number => (column * (width - barWidth)) / 2
  return (
    // Its height is known before its width, so that nothing moves when it is drawn.
    <div ref={ref} className={styles['picture']} style={{ minHeight: height }}>
      {width > 0 && (
        <svg
          role="img"
          aria-label={text.trafficSummary(said)}
          className={styles['svg']}
          viewBox={`0 0 ${width} ${height}`}
          height={height}
        >
          {bands.map(band => (
            <BandShape key={band.key} band={band} left={leftOf(band.column)} right={leftOf(band.column + 1)} />
          ))}
          {bars.map(bar => (
            <BarShape key={`${bar.column}|${bar.name}`} bar={bar} left={leftOf(bar.column)} room={width / 3} />
          ))}
        </svg>
      )}
    </div>
  )
}

interface BandShapeProps {
  readonly band: Band
  /** Left edges of the bars at both ends. */
  readonly left: number
  readonly right: number
}

function BandShape({ band: { fromTop, toTop, height, workload, key, calls }, left, right }: BandShapeProps) {
  const [from, to] = [left + barWidth, right]
  const middle = (from + to) / 2
  const upper = `M${from} ${fromTop}C${middle} ${fromTop} ${middle} ${toTop} ${to} ${toTop}`
  const lower = `L${to} ${toTop + height}C${middle} ${toTop + height} ${middle} ${fromTop + height} ${from} ${fromTop + height}Z`
  const names = key.split('|').slice(1).join(' → ')
  return (
    <path d={`${upper}${lower}`} className={`${styles['band']} ${styles[`colour${(workload % 8) + 1}`]}`}>
      <title>{`${names}: ${exactly(calls)}`}</title>
    </path>
  )
}

interface BarShapeProps {
  readonly bar: Bar
  readonly left: number
  /** Width for its name, in px. */
  readonly room: number
}

const anchors = ['start', 'middle', 'end'] as const
const letterWidth = 6.6

function BarShape({ bar: { name, column, calls, top, height }, left, room }: BarShapeProps) {
  const figure = ` ${humane(calls)}`
  const lettersMax = Math.max(4, Math.floor(room / letterWidth) - figure.length)
  const shown = shortened(name, lettersMax)
  return (
    <g>
      <title>{`${name}: ${exactly(calls)}`}</title>
      <text className={styles['name']} x={left + (column * barWidth) / 2} y={top - 6} textAnchor={anchors[column]}>
        {shown}
        <tspan fontWeight="600">{figure}</tspan>
      </text>
      <rect className={styles['bar']} x={left} y={top} width={barWidth} height={height} rx="2" />
    </g>
  )
}

/** The beginning and the end of a name: names of a kind differ at their ends. */
function shortened(name: string, lettersMax: number): string {
  if (name.length <= lettersMax) return name
  const end = Math.floor((lettersMax - 1) / 2)
  return `${name.slice(0, lettersMax - 1 - end)}…${name.slice(-end)}`
}
