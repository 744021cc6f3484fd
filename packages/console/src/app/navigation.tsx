import { Tooltip } from '@mantine/core'
import { Link } from '@tanstack/react-router'
import { mayUse } from '../api/client.ts'
import { rolesByOperation } from '../api/generated.ts'
import { usePerson } from '../api/whoami.ts'
import { Icon, type IconName } from '../parts/icons.tsx'
import { shell as text } from '../texts/shell.ts'
import { pageRows } from './pages.ts'
import type { Place } from './paths.ts'
import { useLink } from './place-link.tsx'
import styles from './shell.module.css'

/** The list of pages. One that the role does not open is there, with the reason. */
export function Navigation() {
  const { roles } = usePerson()
  return pageRows.map(({ path, needs, listed }) => {
    if (listed === null) return null
    const { title, icon, place } = listed
    if (mayUse(needs, roles)) return <PageLink key={path} title={title} icon={icon} place={place} />
    const reason = text.roleMissing(rolesByOperation[needs].join(' or '))
    return (
      <Tooltip key={path} label={reason} position="right">
        {/* biome-ignore lint/a11y/useSemanticElements: an anchor without an address is not announced as a link. */}
        <span
          role="link"
          tabIndex={0}
          aria-disabled="true"
          aria-label={`${title}. ${reason}`}
          className={`${styles['link']} ${styles['disabled']}`}
        >
          <Icon name={icon} />
          {title}
          <Icon name="lock" size={12} />
        </span>
      </Tooltip>
    )
  })
}

interface PageLinkProps {
  readonly title: string
  readonly icon: IconName
  readonly place: Place
}

function PageLink({ title, icon, place }: PageLinkProps) {
  return (
    <Link
      {...useLink(place)}
      className={styles['link'] ?? ''}
      activeOptions={{ exact: place.to === '/', includeSearch: false }}
    >
      <Icon name={icon} />
      {title}
    </Link>
  )
}
