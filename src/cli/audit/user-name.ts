// Who the user is, as the system sees it. Not $USER, which anybody can set, and which the executable's runtime answers
// with when it is asked.
import { readFileSync } from 'node:fs'
import { userInfo } from 'node:os'

export function userName(): string {
  const id = process.getuid?.()
  const known = id === undefined ? undefined : nameInPasswords(id)
  return known ?? nameOfSystem() ?? `uid ${String(id)}`
}

function nameInPasswords(id: number): string | undefined {
  try {
    const lines = readFileSync('/etc/passwd', 'utf8').split('\n')
    const name = lines.map((line) => line.split(':')).find(([, , uid]) => uid === String(id))?.[0]
    return name === '' ? undefined : name
  } catch {
    return undefined
  }
}

// A directory service may know the user; only Node asks it.
function nameOfSystem(): string | undefined {
  if ('bun' in process.versions) return undefined
  try {
    return userInfo().username
  } catch {
    return undefined
  }
}
