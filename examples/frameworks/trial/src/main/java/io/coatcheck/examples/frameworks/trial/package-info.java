/** What the flows of an application on a framework need: a server, a browser and the stores. */
@NullMarked
package io.coatcheck.examples.frameworks.trial;

import org.jspecify.annotations.NullMarked;
