<p>sent twice</p>
