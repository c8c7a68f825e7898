<p>repaired ${coat}</p>
