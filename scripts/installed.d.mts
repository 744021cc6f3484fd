/** Whether npm has installed in `root` what its package-lock.json lists. */
export function isInstalled(root: string): boolean
