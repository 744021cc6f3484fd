/** The pages of the sign-in service: plain HTML without scripts; everything from outside is escaped. */
import { hash } from 'node:crypto'
import type { Application, Person } from '../types.ts'
import type { EntraError } from './errors.ts'
import type { EntraAnswer } from './http.ts'
import type { Resource } from './resources.ts'
import { stylesheet } from './stylesheet.ts'

/** HTML that is safe to put into a page. */
class Markup {
  readonly text: string
  constructor(text: string) {
    this.text = text
  }
}

type Piece = Markup | string | readonly Markup[]

/** Escapes every piece that is not markup already. */
function html(strings: TemplateStringsArray, ...pieces: readonly Piece[]): Markup {
  const rendered = pieces.map(piece => {
    if (piece instanceof Markup) return piece.text
    return typeof piece === 'string' ? escapeHtml(piece) : piece.map(markup => markup.text).join('')
  })
  return new Markup(String.raw({ raw: strings }, ...rendered))
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, character => `&#${character.charCodeAt(0)};`)
}

const nothing = new Markup('')
const styleHash = `'sha256-${hash('sha256', stylesheet, 'base64')}'`

export interface Choice {
  /** Path that takes the choice. */
  readonly action: string
  /** Hidden fields, sent back unchanged. */
  readonly hidden: readonly (readonly [name: string, value: string])[]
  readonly client: Application
  readonly people: readonly Person[]
  /** User principal name that the client expects; shown first. */
  readonly hint: string | null
  readonly asksFor: Resource
  /** Origin to which the form's answer redirects; null when it does not leave this service. */
  readonly formTarget: string | null
}

export function choosePage(choice: Choice): EntraAnswer {
  const hinted = (person: Person) => Number(person.userPrincipalName === choice.hint || person.name === choice.hint)
  const people = choice.people.toSorted((a, b) => hinted(b) - hinted(a))
  const fields = choice.hidden.map(([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`)
  const body = html`<p><strong>${choice.client.name}</strong> asks for a token for <span class="wrap">${choice.asksFor.audience}</span>. ${carried(choice.asksFor)}</p>
<form method="post" action="${choice.action}">${fields}
<ul>${people.map(personButton)}</ul>
<button class="quiet" name="cancel" value="1">Cancel</button>
</form>`
  return page(200, 'Choose whom to sign in as', body, choice.formTarget)
}

/** An explanation for people when a rule by group does not match. */
function carried({ registration }: Resource): string {
  if (registration === null) return 'It is a resource of Microsoft’s own: its tokens list neither groups nor app roles.'
  const groups = registration.groupMembershipClaims === null ? 'app roles, and no groups' : 'groups and app roles'
  return `It is a registration of the company’s own: its tokens list ${groups}.`
}

function personButton(person: Person): Markup {
  const groups = person.groups.length === 0 ? 'In no group.' : `Groups: ${person.groups.join(', ')}.`
  return html`<li><button class="person" name="person" value="${person.name}">
<span class="initial" aria-hidden="true">${person.displayName.slice(0, 1)}</span>
<span class="who"><span class="names"><span class="name">${person.displayName}</span> <span class="wrap">${person.userPrincipalName}</span></span>
<span class="about">${person.about} ${groups}</span></span></button></li>`
}

/** @param problem why the entered code was not accepted; null at first. */
export function deviceCodePage(entered: string, problem: string | null): EntraAnswer {
  const described = problem === null ? nothing : html` aria-invalid="true" aria-describedby="problem"`
  const said = problem === null ? nothing : html`<p id="problem" class="problem" role="alert">${problem}</p>`
  const body = html`<p>Your terminal shows a code of nine letters and digits.</p>
<form method="post" action="/devicelogin">
<label for="code">Code</label>
${said}<input id="code" name="code" value="${entered.slice(0, 40)}" required maxlength="40" autocomplete="off" autocapitalize="characters" spellcheck="false"${described}>
<button class="next">Next</button>
</form>`
  return page(problem === null ? 200 : 400, 'Enter the code', body, null)
}

export function messagePage(title: string, text: string): EntraAnswer {
  return page(200, title, html`<p>${text}</p>`, null)
}

export function errorPage(error: EntraError): EntraAnswer {
  const body = html`<p class="problem" role="alert">${error.message}</p>
<p>Nothing was sent back to the application: the request itself is at fault. Error <code>${error.facts.error}</code>.</p>`
  return page(error.facts.status, 'You cannot be signed in', body, null)
}

function page(status: number, title: string, body: Markup, formTarget: string | null): EntraAnswer {
  const document = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="color-scheme" content="light dark">
<title>${title} · Sign-in simulator</title>
<style>${new Markup(stylesheet)}</style>
</head>
<body>
<header><p><strong>Sign-in simulator</strong> No password is asked, and nothing leaves this machine.</p></header>
<main>
<h1>${title}</h1>
${body}
</main>
</body>
</html>
`
  const target = formTarget === null ? '' : ` ${formTarget}`
  const policy = `default-src 'none'; style-src ${styleHash}; form-action 'self'${target}; base-uri 'none'; frame-ancestors 'none'`
  return {
    status,
    headers: {
      'content-type': 'text/html; charset=utf-8',
      'content-security-policy': policy,
      'x-frame-options': 'DENY',
      'cache-control': 'no-store',
    },
    body: document.text,
  }
}
