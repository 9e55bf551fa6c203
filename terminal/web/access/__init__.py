"""Who a request is from, and whether they may: takes each request before the pages and the API do, gives `request.state.user` and
`request.state.csrf`, or the answer that says why not. It never lets through what it could not look up."""
