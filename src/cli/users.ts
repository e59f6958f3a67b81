// The users that /etc/passwd names. A directory service may know more.
import { readFileSync } from 'node:fs'

export interface User {
  readonly name: string
  readonly uid: number
  readonly gid: number
  readonly home: string
}

/** None where there is no such file. */
export function readUsers(): readonly User[] {
  try {
    const lines = readFileSync('/etc/passwd', 'utf8').split('\n')
    return lines.flatMap((line) => {
      const [name = '', , uid = '', gid = '', , home = ''] = line.split(':')
      const known = name !== '' && /^\d+$/.test(uid) && /^\d+$/.test(gid)
      return known ? [{ name, uid: Number(uid), gid: Number(gid), home }] : []
    })
  } catch {
    return []
  }
}
