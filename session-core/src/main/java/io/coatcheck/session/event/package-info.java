/** What happens to sessions, told to listeners, and the listener that writes the audit log. */
@NullMarked
package io.coatcheck.session.event;

import org.jspecify.annotations.NullMarked;
