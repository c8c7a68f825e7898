/**
 * How untrusted text appears in messages and logs: {@link QuotedText} is the one rule. Not exported
 * to applications.
 */
@NullMarked
package io.coatcheck.session.text;

import org.jspecify.annotations.NullMarked;
