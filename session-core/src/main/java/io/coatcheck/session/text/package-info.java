/** How untrusted text appears in messages and logs. Not exported to applications. */
@NullMarked
package io.coatcheck.session.text;

import org.jspecify.annotations.NullMarked;
