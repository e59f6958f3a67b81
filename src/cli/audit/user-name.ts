// Who the user is, as the system sees it. Not $USER, which anybody can set, and which the executable's runtime answers
// with when it is asked.
import { userInfo } from 'node:os'
import { readUsers } from '../users.ts'

export function userName(): string {
  const id = process.getuid?.()
  const known = readUsers().find(({ uid }) => uid === id)?.name
  return known ?? nameOfSystem() ?? `uid ${String(id)}`
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
