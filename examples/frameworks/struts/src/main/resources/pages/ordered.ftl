<p>ordered, by now ${ordersByNow}</p>
