/** A dashboard as one HTML page without scripts. */
import { drawBars, drawFigure, drawStates, drawTable, drawTimes, escaped, type Look, type Named } from './draw.ts'
import type { Prometheus, Series } from './prometheus.ts'

interface PanelFile {
  readonly type: 'row' | 'timeseries' | 'state-timeline' | 'stat' | 'bargauge' | 'table'
  readonly title: string
  readonly description?: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly targets?: readonly { readonly expr: string; readonly legendFormat: string; readonly instant: boolean }[]
  readonly fieldConfig?: {
    readonly defaults: {
      readonly unit: string
      readonly thresholds: { readonly steps: Look['steps'] }
      readonly mappings?: readonly { readonly options: Look['states'] }[]
      readonly custom: { readonly stacking?: { readonly mode: string } }
    }
  }
  readonly transformations?: readonly {
    readonly options: {
      readonly excludeByName?: Readonly<Record<string, boolean>>
      readonly renameByName?: Readonly<Record<string, string>>
    }
  }[]
}

/** What is read of a file of deploy/grafana. */
export interface DashboardFile {
  readonly title: string
  readonly panels: readonly PanelFile[]
}

export async function pageOf({ title, panels }: DashboardFile, prometheus: Prometheus): Promise<string> {
  const drawn: string[] = []
  for (const panel of panels) drawn.push(await boxOf(panel, prometheus))
  const { fromMs, toMs } = prometheus.span
  const time = `${new Date(fromMs).toISOString().slice(0, 16)} .. ${new Date(toMs).toISOString().slice(0, 16)} UTC`
  return `<!doctype html><html lang="en"><meta charset="utf-8"><title>${escaped(title)}</title><style>${style}</style>
<h1>${escaped(title)} <small>${time}</small></h1><main>${drawn.join('\n')}</main></html>\n`
}

async function boxOf(panel: PanelFile, prometheus: Prometheus): Promise<string> {
  const { x, y, w, h } = panel.gridPos
  const place = `grid-area:${y + 1}/${x + 1}/span ${h}/span ${w}`
  const name = escaped(panel.title)
  if (panel.type === 'row') return `<h2 style="${place}">${name}</h2>`
  const all = await readPanel(panel, prometheus)
  const inside = all.length === 0 ? '<p class="nothing">No data</p>' : drawn(panel, all, prometheus)
  const about = panel.description ? ` <small title="${escaped(panel.description)}">(i)</small>` : ''
  return `<section class="${panel.type}" style="${place}"><h3>${name}${about}</h3>${inside}</section>`
}

async function readPanel({ targets = [], type }: PanelFile, prometheus: Prometheus): Promise<readonly Named[]> {
  const found = await Promise.all(
    targets.map(async ({ expr, legendFormat, instant }) => {
      const all = await (instant ? prometheus.now(expr) : prometheus.over(expr))
      return all.map(series => ({ name: type === 'table' ? '' : named(legendFormat, series), series }))
    }),
  )
  return found.flat().filter(({ series }) => series.points.length > 0)
}

function named(legend: string, { labels }: Series): string {
  if (legend === '__auto') return JSON.stringify(labels)
  return legend.replace(/\{\{(\w+)\}\}/g, (_, label: string) => labels[label] ?? '')
}

function drawn(panel: PanelFile, all: readonly Named[], { span }: Prometheus): string {
  const { type, fieldConfig, transformations, gridPos } = panel
  const { unit = 'short', thresholds, custom, mappings } = fieldConfig?.defaults ?? {}
  const look: Look = {
    ...{ unit, stacked: custom?.stacking?.mode === 'normal', steps: thresholds?.steps ?? [] },
    states: mappings?.[0]?.options ?? {},
  }
  switch (type) {
    case 'timeseries':
      return drawTimes(all, look, span, gridPos.w * 50)
    case 'state-timeline':
      return drawStates(all, look, span, gridPos.w * 50)
    case 'stat':
      return drawFigure(all, look)
    case 'bargauge':
      return drawBars(all, look)
    default: {
      const { excludeByName = {}, renameByName = {} } = transformations?.[0]?.options ?? {}
      return drawTable(all, look, { hidden: new Set(Object.keys(excludeByName)), names: renameByName })
    }
  }
}

const dark = [
  '#73bf69',
  '#f2cc0c',
  '#8ab8ff',
  '#ff780a',
  '#f2495c',
  '#b877d9',
  '#5794f2',
  '#705da0',
  '#37872d',
  '#fade2a',
]
const light = [
  '#37872d',
  '#c9a200',
  '#3274d9',
  '#e05a00',
  '#c4162a',
  '#8f3bb8',
  '#1f60c4',
  '#5b4a86',
  '#56a64b',
  '#a68900',
]
const palette = (of: readonly string[]): string => of.map((colour, at) => `--c${at}:${colour}`).join(';')

const style = `
:root{color-scheme:light dark;--page:#f4f5f5;--box:#fff;--text:#24292e;--weak:#6e7680;--line:#e0e2e5;${palette(light)};--green:#299c46;--yellow:#c9a200;--red:#c4162a}
@media(prefers-color-scheme:dark){:root{--page:#111217;--box:#181b1f;--text:#ccccdc;--weak:#8e8e9a;--line:#2c3036;${palette(dark)};--green:#73bf69;--yellow:#fade2a;--red:#f2495c}}
*{box-sizing:border-box;margin:0}body{background:var(--page);color:var(--text);font:13px/1.4 sans-serif;padding:12px}
h1{font-size:18px;margin-bottom:8px}small{color:var(--weak);font-weight:400;font-size:12px}
main{display:grid;grid-template-columns:repeat(24,1fr);grid-auto-rows:30px;gap:8px}
h2{font-size:14px;align-self:end}section{background:var(--box);border:1px solid var(--line);padding:8px;overflow:hidden;display:flex;flex-direction:column}
h3{font-size:13px;font-weight:500;margin-bottom:4px}svg{flex:1;min-height:0;width:100%}
svg text{font-size:11px;fill:var(--weak)}.grid{stroke:var(--line)}polyline{fill:none;stroke-width:1.5;stroke-linecap:round;vector-effect:non-scaling-stroke}
.mark{stroke-dasharray:6 4}.mark.green{stroke:none}.mark.yellow{stroke:var(--yellow)}.mark.red{stroke:var(--red)}
${[...Array(10).keys()].map(at => `polyline.c${at}{stroke:var(--c${at})}.c${at}{--own:var(--c${at})}`).join('')}
svg .state{fill:var(--own);opacity:.85}svg text.inside{fill:#000}
.green{--own:var(--green)}.yellow{--own:var(--yellow)}.red{--own:var(--red)}
.legend{list-style:none;padding:0;display:flex;flex-wrap:wrap;gap:0 12px;max-height:34px;overflow:auto;font-size:12px}
.legend li::before{content:"";display:inline-block;width:14px;height:3px;margin-right:5px;vertical-align:middle;background:var(--own)}
.figure{margin:auto;font-size:30px;font-weight:600;color:var(--own)}.nothing{margin:auto;color:var(--weak)}
.bar{display:grid;grid-template-columns:230px 1fr 90px;gap:8px;align-items:center;margin:2px 0}
.bar i{background:linear-gradient(90deg,var(--own) calc(var(--share)*100%),var(--line) 0);height:14px}.bar b{text-align:right}
table{border-collapse:collapse}th,td{text-align:left;padding:3px 12px 3px 0;border-bottom:1px solid var(--line)}`
