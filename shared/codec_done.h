/* SPDX-License-Identifier: ISC */
/* Ends what codec_structs.h or codec_fields.h began (no guard). */

#undef U8
#undef U16
#undef U32
#undef U64
#undef STR
#undef BLOB
