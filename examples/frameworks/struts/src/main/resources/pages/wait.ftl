<p>wait</p>
