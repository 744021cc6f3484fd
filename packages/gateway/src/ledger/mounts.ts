/** What the kernel says about the volume of a directory: `/proc/self/mountinfo` (proc(5)). */

/** Kubernetes mounts an emptyDir from this directory of the node; its name is in the root of the mount. */
const emptyDir = /\/volumes\/kubernetes\.io~empty-dir\//

/**
 * True for a directory on an emptyDir volume, which Kubernetes deletes with the pod. False also where that cannot be
 * known: an emptyDir in memory has no such root, and other platforms have other names.
 * @param directory absolute and resolved. @param mountinfo as the kernel writes it.
 */
export function isOnEmptyDir(directory: string, mountinfo: string): boolean {
  let found = { point: '', root: '' }
  for (const line of mountinfo.split('\n')) {
    // 36 35 98:0 /root/of/the/mount /where/it/is rw,noatime ... - ext4 /dev/sda1 rw
    const [, , , root, point] = line.split(' ').map(unescaped)
    if (root === undefined || point === undefined || !contains(point, directory)) continue
    // A later mount at the same place hides the earlier one.
    if (point.length >= found.point.length) found = { point, root }
  }
  return emptyDir.test(found.root)
}

function contains(point: string, directory: string): boolean {
  return point === '/' || directory === point || directory.startsWith(`${point}/`)
}

/** Spaces and the like are octal there, as `\\040`. */
function unescaped(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, octal: string) => String.fromCharCode(Number.parseInt(octal, 8)))
}
