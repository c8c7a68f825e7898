/**
 * Encodes the values of attributes as bytes, and decodes bytes that may be hostile.
 *
 * <p><b>Where to begin reading.</b> {@link io.coatcheck.session.codec.AttributeValue} is a value in
 * a snapshot: an object, or bytes. {@link io.coatcheck.session.codec.AttributeCodec} converts
 * between the two, and reports failures as {@code AttributeCodecException}; {@link
 * io.coatcheck.session.codec.JavaSerializationCodec} is the one that is used by default.
 *
 * <p><b>The path of a value.</b> {@code JavaSerializationCodec.encode} writes strings, numbers and
 * byte arrays by {@code CompactForms} and everything else by {@code SerializedForm}, which writes
 * through {@code CheckedOutput} into {@code BoundedBytes}. {@code decode} reads the same forms from
 * a {@code Payload} through {@code CheckedInput}, within {@code DecodingLimits}. Both directions
 * check the {@code AllowList}, so that what could not be read is refused when it is set.
 *
 * <p><b>The parts.</b>
 *
 * <ul>
 *   <li><b>What is allowed</b>: {@code AllowList} has the {@code JdkTypes}, and what the
 *       application added: an {@code AllowPattern}, or an {@code AllowListPreset}, whose classes
 *       {@code PresetNames} builds from {@code FacesClasses}, {@code PrimeFacesClasses}, {@code
 *       ShiroClasses}, {@code SpringMvcClasses}, {@code SpringSecurityClasses}, {@code
 *       StrutsClasses}, {@code WeldClasses} and {@code WicketClasses}. {@code ClassNames}, {@code
 *       ClassShape}, {@code ClassValues} and {@code JdkPackages} answer questions about classes.
 *   <li><b>Special values</b>: {@code UrlText} stands for a URL; {@code ImmutableTypes} are the
 *       types that need no check for changes in place, as an {@code ImmutableClass} that the
 *       application declares.
 *   <li><b>For stores</b>: {@code AttributeFrames} writes all attributes of a session into one
 *       array; {@code KnownNames} are the names that it read most recently.
 *   <li><b>Encryption</b>: {@code AttributeEncryption} has the keys, {@code SessionCipher} the key
 *       of one session; an {@code EncryptedFrame} is what is stored, an {@code EncryptedValue} is
 *       decrypted when it is read.
 * </ul>
 */
@NullMarked
package io.coatcheck.session.codec;

import org.jspecify.annotations.NullMarked;
