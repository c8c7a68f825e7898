/** The events of sessions, their listeners, and the listener that writes the audit log. */
@NullMarked
package io.coatcheck.session.event;

import org.jspecify.annotations.NullMarked;
