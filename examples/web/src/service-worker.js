// Keeps what the page is made of, so that it works offline after the first load. The build writes the two lines below.
const version = '__VERSION__'
const files = __FILES__

addEventListener('install', (event) => {
  event.waitUntil(
    caches
      .open(version)
      .then((cache) => cache.addAll(files))
      .then(() => skipWaiting()),
  )
})

addEventListener('activate', (event) => {
  const others = (names) => Promise.all(names.filter((name) => name !== version).map((name) => caches.delete(name)))
  event.waitUntil(
    caches
      .keys()
      .then(others)
      .then(() => clients.claim()),
  )
})

addEventListener('fetch', (event) => {
  if (event.request.method !== 'GET') return
  // The files are the same for everybody: what headers a request has makes no difference.
  const options = { ignoreSearch: event.request.mode === 'navigate', ignoreVary: true }
  event.respondWith(caches.match(event.request, options).then((kept) => kept ?? fetch(event.request)))
})
